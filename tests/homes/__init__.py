"""Small generated Hermes homes, one for each era of the format; no file of Hermes is needed for them."""
