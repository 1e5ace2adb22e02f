import sim
from store import Store

store = Store()
for number in range(1, 9):
    store.save({"number": number, "names": ["setting %d" % i for i in range(number)]})
    sim.note(number)  # a promise: from here on, these settings or newer ones are there
