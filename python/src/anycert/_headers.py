"""A mapping of header fields, by name without regard to case, that keeps how names were written."""
from _collections_abc import Mapping, MutableMapping


class CaseInsensitiveDict(MutableMapping):
    """Like requests' class of that name."""

    __slots__ = ("_store", "__weakref__")

    def __init__(self, data=None, **kwargs):
        self._store = {}
        if data is not None or kwargs:
            self.update({} if data is None else data, **kwargs)

    def __setitem__(self, key, value):
        if isinstance(key, bytes):
            key = _text(key)
        self._store[key.lower()] = (key, value)

    def __getitem__(self, key):
        return self._store[_lower(key)][1]

    def __delitem__(self, key):
        del self._store[_lower(key)]

    def __contains__(self, key):
        return isinstance(key, (str, bytes)) and _lower(key) in self._store

    def get(self, key, default=None):
        return self._store.get(_lower(key), (None, default))[1]

    def __iter__(self):
        return (name for name, _ in self._store.values())

    def __len__(self):
        return len(self._store)

    def lower_items(self):
        return ((key, pair[1]) for key, pair in self._store.items())

    def __eq__(self, other):
        if not isinstance(other, Mapping):
            return NotImplemented
        return dict(self.lower_items()) == dict(CaseInsensitiveDict(other).lower_items())

    def copy(self):
        return CaseInsensitiveDict(self)

    def __repr__(self):
        return str(dict(self.items()))


def store(headers):
    """{lower-case name: (name, value)} of a mapping or of pairs."""
    if isinstance(headers, CaseInsensitiveDict):
        return headers._store
    if isinstance(headers, (str, bytes)):
        raise TypeError(f"headers has to be a mapping or pairs, not {headers!r:.60}")
    pairs = headers.items() if hasattr(headers, "items") else headers
    try:
        return {(text := _text(name)).lower(): (text if isinstance(name, bytes) else name, value)
                for name, value in pairs}
    except (TypeError, ValueError):
        raise TypeError(f"headers has to be a mapping or pairs, not {headers!r:.60}") from None


def _text(name):
    return name.decode("latin-1") if isinstance(name, bytes) else str(name)


def _lower(name):
    return (_text(name) if isinstance(name, bytes) else name).lower()


def joined(pairs):
    """A response's fields: those of one name become one, with commas between."""
    headers = CaseInsensitiveDict()
    fields = headers._store
    for name, value in pairs:
        lower = name.lower()
        before = fields.get(lower)
        fields[lower] = (name, value) if before is None else (before[0], before[1] + ", " + value)
    return headers
