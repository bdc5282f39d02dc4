"""Slotted dataclasses whose methods are made at their first call, with `field` and `replace`.

The module of the standard library imports `inspect`, and compiles up to seven functions a class: a third of the time
that a verb takes to start, and most classes of a start are never used in it. Here `fields`, `is_dataclass` and the like
find an ordinary dataclass, which is made when they ask. Type checkers see the names of the standard library.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from dataclasses import dataclass, field, replace
else:

    def dataclass(*, slots: bool, frozen: bool = False, eq: bool = True):
        """The decorator, for `slots=True` alone; neither base nor subclass is a dataclass."""
        if not slots:
            raise TypeError("a dataclass whose methods are made late is slotted")
        return partial(_late, frozen=frozen, eq=eq)

    def field(**options: Any) -> _Field:
        """A field that has more than a default: `default`, `default_factory`, `init`, `repr`, `compare`, `kw_only`."""
        return _Field(options)

    def replace(value: Any, /, **changes: Any) -> Any:
        """A value like another one but for some fields."""
        names = getattr(value, "__late_fields__", None)
        if names is None:
            from dataclasses import replace as replaced

            return replaced(value, **changes)
        given = {name: getattr(value, name) for name, field in names.items() if field.get("init", True)}
        return type(value)(**given | changes)


__all__ = ["dataclass", "field", "replace"]

Options = dict[str, Any]
Method = Callable[..., Any]


class _Field:
    """Options of a field, in the place of its default."""

    __slots__ = ("options",)

    def __init__(self, options: Options) -> None:
        self.options = options


class _StandardFields:
    """`__dataclass_fields__` of a class, made when something asks for it, which has it from then on."""

    def __get__(self, instance: object, owner: Any) -> Any:
        import dataclasses

        late = next(base for base in owner.__mro__ if "__late_fields__" in vars(base))
        options = late.__late_fields__.items()
        named = [(name, late.__annotations__[name], dataclasses.field(**given)) for name, given in options]
        made: Any = dataclasses.make_dataclass(late.__name__, named)
        late.__dataclass_fields__ = made.__dataclass_fields__
        return made.__dataclass_fields__


def _late(cls: type, *, frozen: bool, eq: bool) -> type:
    """A class with the fields and slots of a dataclass, and methods that are made at their first call."""
    own = {name: value for name, value in vars(cls).items() if name not in ("__dict__", "__weakref__")}
    fields = {
        name: _options(own.pop(name)) if name in own else {}
        for name, kind in cls.__annotations__.items()
        if not kind.startswith("ClassVar")
    }
    if own.get("__hash__", own) is None:  # Python's own entry beside an __eq__
        del own["__hash__"]
    makers: dict[str, Callable[[Any], Method]] = {"__init__": _init, "__repr__": _repr}
    if eq:
        makers |= {"__eq__": _eq, "__hash__": _hash} if frozen else {"__eq__": _eq}
    namespace: dict[str, Any] = {name: _at_first_call(name, make) for name, make in makers.items()}
    if frozen:
        namespace |= {"__setattr__": _refuse_set, "__delattr__": _refuse_delete}
        namespace |= {"__getstate__": _getstate, "__setstate__": _setstate}
    positional = (name for name, given in fields.items() if given.get("init", True) and not given.get("kw_only"))
    namespace |= own | {"__slots__": tuple(fields), "__match_args__": tuple(positional), "__late_fields__": fields}
    return type(cls)(cls.__name__, cls.__bases__, namespace | {"__dataclass_fields__": _StandardFields()})


def _options(default: object) -> Options:
    """The options of a field by what stands in its place in the class."""
    if isinstance(default, _Field):
        return default.options
    standard = sys.modules.get("dataclasses")
    if standard is None or not isinstance(default, standard.Field):
        return {"default": default}
    names = ("default", "default_factory", "init", "repr", "compare", "kw_only")
    given = {name: getattr(default, name) for name in names}
    return {name: value for name, value in given.items() if value is not standard.MISSING}


def _at_first_call(name: str, make: Callable[[Any], Method]) -> Method:
    """A method that puts the real one in its place; twice in two threads is the same."""

    def _first(self: Any, *args: object, **kwargs: object) -> Any:
        late = next(base for base in type(self).__mro__ if "__late_fields__" in vars(base))
        made = make(late)
        setattr(late, name, made)
        return made(self, *args, **kwargs)

    return _first


def _init(late: Any) -> Method:
    """`__init__`: each value goes through the descriptor of its slot, which a frozen class does not refuse."""
    known: Options = {"_nothing": _Field}
    positional, named, body = ["self"], list[str](), list[str]()
    for name, given in late.__late_fields__.items():
        known[f"_set_{name}"] = vars(late)[name].__set__
        parameter, value, unasked = name, name, name
        if "default_factory" in given:
            known[f"_make_{name}"] = given["default_factory"]
            parameter, unasked = f"{name}=_nothing", f"_make_{name}()"
            value = f"{unasked} if {name} is _nothing else {name}"
        elif "default" in given:
            known[f"_default_{name}"] = given["default"]
            parameter, unasked = f"{name}=_default_{name}", f"_default_{name}"
        if is_asked := given.get("init", True):
            (named if given.get("kw_only") else positional).append(parameter)
        if is_asked or unasked != name:  # else `__post_init__` sets it
            body.append(f"_set_{name}(self, {value if is_asked else unasked})")
    if hasattr(late, "__post_init__"):
        body.append("self.__post_init__()")
    return compiled("__init__", [*positional, *(["*", *named] if named else [])], body or ["pass"], known)


def _repr(late: Any) -> Method:
    named = late.__late_fields__.items()
    shown = ", ".join(f"{name}={{self.{name}!r}}" for name, given in named if given.get("repr", True))
    return compiled("__repr__", ["self"], [f"return f'{{self.__class__.__qualname__}}({shown})'"], {})


def _eq(late: Any) -> Method:
    differs = "if other.__class__ is not self.__class__: return NotImplemented"
    equal = f"return {_key('self', late)} == {_key('other', late)}"
    return compiled("__eq__", ["self", "other"], [differs, equal], {})


def _hash(late: Any) -> Method:
    return compiled("__hash__", ["self"], [f"return hash({_key('self', late)})"], {})


def _key(of: str, late: Any) -> str:
    """The text of a tuple of what is compared."""
    named = late.__late_fields__.items()
    return "(" + "".join(f"{of}.{name}, " for name, given in named if given.get("compare", True)) + ")"


def compiled(name: str, parameters: list[str], body: list[str], known: Options) -> Method:
    """A method by its text, which has names of fields alone."""
    space = dict(known)
    exec(f"def {name}({', '.join(parameters)}):\n " + "\n ".join(body), space)
    method: Method = space[name]
    return method


def _refuse_set(_: object, name: str, __: object) -> NoReturn:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_delete(_: object, name: str) -> NoReturn:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _getstate(self: Any) -> list[object]:
    return [getattr(self, name) for name in self.__late_fields__]


def _setstate(self: Any, state: list[object]) -> None:
    for name, value in zip(self.__late_fields__, state, strict=True):
        object.__setattr__(self, name, value)
