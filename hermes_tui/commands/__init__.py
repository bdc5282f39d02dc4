"""Commands: one table gives bindings, footer, palette, help and the README's keys."""
