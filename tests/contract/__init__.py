"""Behaviour of every verb on every engine: what an implementation of `store.engine.ports` must do."""
