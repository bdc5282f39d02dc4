"""Values, errors and JSON rules that every other part of the store stands on."""
