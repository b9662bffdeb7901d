"""Which module a dict of globals belongs to.

A sample says where the globals were, and by the time it is looked at they may be gone: addresses are compared
with those of the modules that there are, and never followed. Code that was executed in a dict of its own
is given the module that has its file, if one has.
"""

import sys
from types import CodeType, ModuleType
from typing import Any, Dict


class ModuleNames:
    """Meant to live for one window: modules come and go."""

    def __init__(self) -> None:
        self._by_address: Dict[int, str] = {}
        self._by_file: Dict[str, str] = {}
        for module in list(sys.modules.values()):
            if not issubclass(type(module), ModuleType):  # isinstance would ask proxies for their class
                continue
            scope: Any = object.__getattribute__(module, "__dict__")
            name, file = scope.get("__name__"), scope.get("__file__")
            if type(name) is str:
                self._by_address[id(scope)] = name
                if type(file) is str:
                    self._by_file[file] = name

    def name(self, address: int, code: CodeType) -> str:
        known = self._by_address.get(address)
        return known if known is not None else self._by_file.get(code.co_filename, "")
