"""Faults of the probe's own functions, switched on and off in a running kernel."""

from __future__ import annotations

#: Goes into the probe's file before it starts. A function gets the code of one that fails, so that
#: it fails wherever it is already bound; ``sys.audit("fault", name, kind)`` switches it on, and
#: ``sys.audit("fault", "", "")`` all off.
SWITCH = """
import sys as _sys, types as _types
_faulty, _kind = {}, [""]

def _fail():
    kind = _kind[0]
    if kind in ("hangs", "waits"):  # only the kernel's own thread is watched
        if _ident() != active_probe().main: return
        if kind == "waits": _sleep(3600)
        while True: pass
    if kind == "deep":
        return _fail()
    raise {"raises": RuntimeError, "exits": SystemExit, "memory": MemoryError}[kind]()

def _broken(*_args, **_named):
    return _fail()

def _switch(name, kind):
    for function, code in _faulty.items():
        function.__code__ = code
    _faulty.clear()
    probe = active_probe()
    probe.off.clear(); probe.hooked.update(WATCHED)
    _kind[0] = kind
    if name:
        owner, _, method = name.rpartition(".")
        found = vars(globals()[owner])[method] if owner else globals()[method]
        function = getattr(found, "__func__", found)
        _faulty[function] = function.__code__
        function.__code__ = _broken.__code__

def _hear(event, args):
    if event == "fault": _switch(*args)
_sys.addaudithook(_hear)
STRIKES, STRIKE, PERIOD = 2, 300_000_000, 0.1
"""


def breakable(probe: str) -> str:
    """The probe's source with the switch in it."""
    start = 'if globals().get("launched"):\n    launch()'
    assert start in probe
    return probe.replace(start, SWITCH + start)


#: What a run may do that some part of the probe looks at; it prints what it saw.
CELLS = {
    "files": """
import os, shutil, tempfile, mmap
os.makedirs('d', exist_ok=True)
with open('d/a', 'w') as f: _ = f.write('x' * 5000)
with open('d/a') as f: print(len(f.read()))
os.link('d/a', 'd/l') if not os.path.exists('d/l') else None
os.rename('d/a', 'd/b'); print(sorted(os.listdir('d')))
os.symlink('b', 'd/s'); os.truncate('d/b', 4096); os.remove('d/s')
with open('d/b', 'r+b') as f:
    m = mmap.mmap(f.fileno(), 0); m[0] = 65; m.close()
here = os.getcwd(); os.chdir('d'); print(os.path.basename(os.getcwd())); os.chdir(here)
fd = os.open('d', os.O_RDONLY); g = os.open('b', os.O_RDONLY, dir_fd=fd); print(os.read(g, 2))
os.close(g); os.close(fd); os.unlink('d/b'); os.unlink('d/l'); os.rmdir('d')
try: open('absent')
except FileNotFoundError as e: print(e)
""",
    "programs": """
import subprocess, os, sys
print(subprocess.run(['echo', 'one'], capture_output=True, text=True).stdout)
print(os.system('exit 3'))
pid = os.fork()
if pid == 0: os._exit(0)
print(os.waitpid(pid, 0)[1])
pid = os.posix_spawn('/bin/true', ['true'], os.environ); print(os.waitpid(pid, 0)[1])
print(subprocess.run([sys.executable, '-c', 'open("c", "w").write("1")']).returncode)
""",
    "libraries": """
import sqlite3, joblib
db = sqlite3.connect('t.db'); db.execute('create table if not exists t (a)')
with db: print(db.execute('insert into t values (1)').rowcount)
c = db.cursor(); print(c.execute('select max(a) from t').fetchall())
print(c.execute("attach 'u.db' as u").rowcount); db.close()
print(joblib.dump([1, 2], 'o.joblib'), joblib.load('o.joblib'))
""",
    "names": """
import random, threading, asyncio, pickle, ctypes
random.seed(1); values = [random.random() for _ in range(3)]; box = {'a': values}
def shown(n): return box['a'][n]
class C: pass
c = C(); c.x = shown(0); print(round(c.x, 3))
exec('made = 5'); print(made, pickle.loads(pickle.dumps(C)) is C)
t = threading.Thread(target=lambda: print('thread'), name='T'); t.start(); t.join()
await asyncio.sleep(0); print(ctypes.CDLL(None) is not None)
""",
    "network": """
import socket, urllib.request
s = socket.socket(); print(s.connect_ex(('127.0.0.1', 9)) != 0); s.close()
try: urllib.request.urlopen('http://127.0.0.1:9/x')
except OSError as e: print(type(e).__name__)
print(socket.getaddrinfo('127.0.0.1', 9)[0][4])
""",
    "errors": "1/0",
    "memory": "bytearray(1 << 62)",
    "silence": "",
}

#: Every part of the probe that works during runs: function, the cell in which it has to be seen to
#: fail, and what the gap's reason begins with.
PARTS = {
    "Files.on_open": ("files", "open"),
    "Files.opened": ("files", "open"),
    "Files.real": ("files", "open"),
    "Files.on_rename": ("files", "os.rename"),
    "Files.on_link": ("files", "os.link"),
    "Files.on_symlink": ("files", "os.symlink"),
    "Files.on_remove": ("files", "os.remove"),
    "Files.on_mkdir": ("files", "os.mkdir"),
    "Files.on_truncate": ("files", "os.truncate"),
    "Files.on_chdir": ("files", "os.chdir"),
    "Files.on_listdir": ("files", "os.listdir"),
    "Files.on_mmap": ("files", "mmap.__new__"),
    "Files.settle": ("files", "files of a run"),
    "Files.check_inputs": ("files", "files of a run"),
    "OpenInFolder.caller": ("files", "open"),
    "state_of": ("files", "open"),
    "Journal.text": ("files", "begin of a run"),
    "Files.on_sqlite": ("libraries", "sqlite3.connect"),
    "Report._factory": ("libraries", "wrapper of sqlite3"),
    "Report._connected": ("libraries", "wrapper of sqlite3"),
    "Report._sqlite": ("libraries", "wrapper of sqlite3"),
    "Report._path": ("libraries", "wrapper of sqlite3"),
    "Report._object": ("libraries", "wrapper of joblib"),
    "Wrappers.look": ("libraries", "exec"),
    "Wrappers.look_at_texts": ("libraries", "code of a run"),
    "files_in_sql": ("libraries", "wrapper of sqlite3"),
    "Processes.on_popen": ("programs", "subprocess.Popen"),
    "Processes.on_system": ("programs", "os.system"),
    "Processes.on_fork": ("programs", "os.fork"),
    "Processes.started": ("programs", ""),
    "Processes.named_by": ("programs", ""),
    "cut_argv": ("programs", ""),
    "Starters.of_list": ("programs", "start of a program"),
    "Starters.of_mapping": ("programs", "start of a program"),
    "Starters.exported": ("programs", "start of a program"),
    "Starters.began": ("programs", "start of a program"),
    "Starters.spawned": ("programs", "start of a program"),
    "Starters.carried": ("programs", "start of a program"),
    "Handover.heard": ("programs", "children"),
    "Threads.note": ("names", "start of a thread"),
    "Threads.current": ("names", ""),
    "Threads.left_by": ("names", "threads"),
    "Threads.tasks": ("names", "tasks"),
    "Threads.pending": ("names", "tasks"),
    "Runs.on_compile": ("names", "compile"),
    "Runs.on_find_class": ("names", "pickle.find_class"),
    "Runs.on_dlopen": ("names", "ctypes.dlopen"),
    "Runs.note_text": ("names", "exec"),
    "Runs.tell_code": ("names", "code of a run"),
    "reached_functions": ("names", "code of a run"),
    "Facts.add": ("names", "code of a run"),
    "Names.changes": ("names", "names and state"),
    "State.changes": ("names", "names and state"),
    "Looker.look": ("names", "names and state"),
    "Evidence._take": ("names", "names and state"),
    "Network.on_connect": ("network", "socket.connect"),
    "Network.on_getaddrinfo": ("network", "socket.getaddrinfo"),
    "Network.on_url": ("network", "urllib.Request"),
    "Network.requested": ("network", "urllib.Request"),
    "cut_url": ("network", ""),
    "Recording.current": ("files", ""),
    "Recording.request": ("files", "begin of a run"),
    "Recording.look_for_pause": ("files", "pause"),
    "Recording.tell": ("files", ""),
    "Recording.read_meter": ("files", "meter"),
    "Meter.begin_meter": ("files", "meter"),
    "Meter.measure": ("files", "meter"),
    "Meter.kept_bytes": ("files", "meter"),
    "Runs.begin": ("errors", "begin of a run"),
    "Runs.open_run": ("errors", "begin of a run"),
    "Runs.end": ("errors", "end of a run"),
    "Run.__init__": ("errors", "begin of a run"),
    "Runs._post_run_cell": ("memory", "end of a run"),
}
