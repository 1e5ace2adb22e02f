import sim
from store import Store

settings = Store().load()
promised = sim.notes()
print("promised:", promised, "found:", settings)

if settings is None:
    assert not promised, "settings %d are lost" % promised[-1]
else:
    number = settings["number"]
    assert not promised or number >= promised[-1], "settings %d are back" % number
    assert len(settings["names"]) == number, "settings %d are not whole" % number
