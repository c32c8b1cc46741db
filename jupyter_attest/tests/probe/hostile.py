"""Classes that say whenever any of their code runs, for cells of tests."""

#: Source of a cell: ``heard`` lists every call; ``made()`` returns one object of each kind.
HOSTILE = """
heard = []
class Meta(type):
    def __getattribute__(cls, name):
        heard.append(("meta", name)); return type.__getattribute__(cls, name)
    def __instancecheck__(cls, other): heard.append("instancecheck"); return True
    def __subclasscheck__(cls, other): heard.append("subclasscheck"); return True
    def __eq__(cls, other): heard.append("meta eq"); return True
    def __hash__(cls): heard.append("meta hash"); return 1
    def __repr__(cls): heard.append("meta repr"); return "x"
def says(name):
    def method(self, *args, **kwargs):
        heard.append(name); raise RuntimeError(name)
    return method
NAMES = ("__eq__ __hash__ __repr__ __str__ __getattr__ __len__ __iter__ __reduce__ __reduce_ex__ "
         "__getstate__ __bool__ __getitem__ __contains__ __call__ __format__ __sizeof__ __dir__ "
         "__array__ __buffer__ __index__ __deepcopy__ __copy__ __fspath__ __next__ __del__ "
         "__array_interface__ __dataframe__ __torch_function__").split()
body = {name: says(name) for name in NAMES if name != "__del__"}
def get(self, name):
    heard.append(name); return object.__getattribute__(self, name)
body["__getattribute__"] = get
body["__class__"] = property(says("__class__"))
Hostile = Meta("Hostile", (), body)
Dict = type("Dict", (dict,), dict(body))
List = type("List", (list,), dict(body))
Slots = type("Slots", (), {"__slots__": ("a", "__dict__"), "p": property(says("property")), **body})
Liar = type("Liar", (), {"__dict__": property(says("dict")), "__module__": "numpy", **body})
def made():
    return [Hostile(), Dict(), List(), Slots(), Liar()]
heard.clear()
"""
