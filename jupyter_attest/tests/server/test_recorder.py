"""What the recorder writes for real kernels of a real server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

from .running import Page, RunningServer, wait_for


def test_runs_of_two_clients_stand_in_their_order(server: RunningServer) -> None:
    server.write_notebook("order.ipynb", "a = 1", "b = 2")
    kernel = server.open("order.ipynb")
    page = Page(server, kernel)
    client = server.client(kernel)
    page.wait(page.run("a = 1", "cell-a"))
    client.run("a = a + 10")
    page.wait(page.run("print(a)", "cell-a"))
    page.close()
    client.run("after = 'the page was closed'")
    journal = server.journal(kernel)
    journal.wait("run.idle", 4)
    assert journal.codes() == ["a = 1", "a = a + 10", "print(a)", "after = 'the page was closed'"]
    inputs = journal.of("run.input")
    assert [e["client"] for e in inputs] == [
        page.session,
        client.session,
        page.session,
        client.session,
    ]
    assert [e["executionCount"] for e in inputs] == [1, 2, 3, 4]
    seen = {e["client"]: e for e in journal.of("client.seen")}
    assert seen[page.session]["evidence"].startswith("a browser's websocket")
    assert seen[client.session]["label"] == "unknown client"
    assert str(os.getpid()) in seen[client.session]["evidence"]
    bound = journal.of("document.bound")
    assert bound[0]["path"] == str(server.root / "order.ipynb")
    wait_for(lambda: any("cells" in e for e in journal.of("document.bound")))
    client.stop()
    server.shut_down(kernel)
    journal.wait("observer.left")
    assert journal.of("kernel.ended")


def test_a_console_is_named(server: RunningServer) -> None:
    kernel = server.open("untitled-console.ipynb")
    connection = server.runtime / f"kernel-{kernel}.json"
    done = subprocess.run(
        [sys.executable, "-m", "jupyter_console", "--existing", str(connection), "--simple-prompt"],
        input="x = 'from the console'\nexit(keep_kernel=True)\n",
        text=True,
        timeout=60,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    journal = server.journal(kernel)
    journal.wait("run.idle", 1)
    assert "x = 'from the console'" in journal.codes()
    labels = {e["label"] for e in journal.of("client.seen")}
    assert "console" in labels
    server.shut_down(kernel)


def test_a_kernel_without_a_notebook_is_recorded(server: RunningServer) -> None:
    answer = server.call("POST", "api/kernels", json={"name": "python3"})
    kernel = answer.json()["id"]
    client = server.client(kernel)
    client.run("alone = 1")
    journal = server.journal(kernel)
    journal.wait("run.idle")
    assert journal.codes() == ["alone = 1"]
    assert not journal.of("document.bound")
    client.stop()
    server.shut_down(kernel)


def test_two_notebooks_on_one_kernel_are_both_bound(server: RunningServer) -> None:
    server.write_notebook("first.ipynb", "x = 1")
    server.write_notebook("deep/second.ipynb", "x = 2")
    kernel = server.open("first.ipynb")
    assert server.open("deep/second.ipynb", kernel) == kernel
    client = server.client(kernel)
    client.run("x = 1")
    journal = server.journal(kernel)
    paths = wait_for(
        lambda: (
            found if len(found := {e["path"] for e in journal.of("document.bound")}) == 2 else None
        )
    )
    assert paths == {str(server.root / "first.ipynb"), str(server.root / "deep/second.ipynb")}
    assert server.status("first.ipynb")["sid"] == server.status("deep/second.ipynb")["sid"]
    client.stop()
    server.shut_down(kernel)


def test_a_renamed_notebook_keeps_its_id(server: RunningServer) -> None:
    server.write_notebook("old name.ipynb", "x = 1")
    kernel = server.open("old name.ipynb")
    journal = server.journal(kernel)
    [bound] = {e["docId"] for e in journal.wait("document.bound")}
    moved = server.call("PATCH", "api/contents/old name.ipynb", json={"path": "new name.ipynb"})
    assert moved.status_code == 200
    session = [s for s in server.call("GET", "api/sessions").json() if s["kernel"]["id"] == kernel]
    server.call("PATCH", f"api/sessions/{session[0]['id']}", json={"path": "new name.ipynb"})
    [renamed] = journal.wait("document.renamed")
    assert renamed["docId"] == bound
    assert renamed["to"] == str(server.root / "new name.ipynb")
    assert server.status("new name.ipynb")["state"] == "recording"
    assert not journal.of("document.closed")
    server.shut_down(kernel)


def test_a_restart_is_a_boundary(server: RunningServer) -> None:
    server.write_notebook("restart.ipynb", "x = 1")
    kernel = server.open("restart.ipynb")
    client = server.client(kernel)
    client.run("x = 'before'")
    assert server.call("POST", f"api/kernels/{kernel}/restart").status_code == 200
    client.wait_for_ready()
    client.run("x = 'after'")
    old, new = wait_for(lambda: found if len(found := server.home.of_kernel(kernel)) == 2 else None)
    new.wait("run.idle")
    assert old.codes() == ["x = 'before'"] and new.codes() == ["x = 'after'"]
    assert old.of("kernel.restarted") and not old.of("kernel.died")
    assert new.of("kernel.started")[0]["previousSid"] == old.sid
    assert new.of("document.bound") and not new.of("gap")
    assert new.of("run.input")[0]["executionCount"] == 1
    client.stop()
    server.shut_down(kernel)


def test_restart_and_run_all_misses_nothing(server: RunningServer) -> None:
    server.write_notebook("all.ipynb", "x = 1")
    kernel = server.open("all.ipynb")
    page = Page(server, kernel)
    page.wait(page.run("x = 0"))
    for _ in range(2):
        assert server.call("POST", f"api/kernels/{kernel}/restart").status_code == 200
        codes = [f"x{n} = {n}" for n in range(20)]
        for msg_id in [page.run(code) for code in codes]:
            page.wait(msg_id)
    page.close()
    sessions = server.home.of_kernel(kernel)
    assert len(sessions) == 3
    for journal in sessions[1:]:
        journal.wait("run.idle", 20)
        assert journal.codes() == codes
        assert not journal.of("gap")
    server.shut_down(kernel)


def test_a_killed_kernel_is_stated_and_starts_again(server: RunningServer) -> None:
    server.write_notebook("killed.ipynb", "x = 1")
    kernel = server.open("killed.ipynb")
    client = server.client(kernel)
    pid = server.kernel_pid(client)
    client.run("done = 1")
    client.kernel.execute("import time; time.sleep(60)")
    journal = server.journal(kernel)
    journal.wait("run.input", 2)
    os.kill(pid, signal.SIGKILL)
    [died] = journal.wait("kernel.died")
    assert died["reason"] == "killed by signal 9"
    wait_for(lambda: len(server.home.of_kernel(kernel)) == 2)
    idle = {e["msgId"] for e in journal.of("run.idle") if e["hadInput"]}
    assert len(journal.of("run.input")) == 2 and len(idle) == 1
    client.wait_for_ready()
    client.run("alive = 'again'")
    again = server.journal(kernel)
    again.wait("run.idle")
    assert again.codes() == ["alive = 'again'"]
    client.stop()
    server.shut_down(kernel)


def test_an_interrupt_works_and_is_stated(server: RunningServer) -> None:
    server.write_notebook("interrupt.ipynb", "x = 1")
    kernel = server.open("interrupt.ipynb")
    client = server.client(kernel)
    msg_id = client.kernel.execute("import time; time.sleep(60)")
    journal = server.journal(kernel)
    journal.wait("run.input")
    assert server.call("POST", f"api/kernels/{kernel}/interrupt").status_code == 204
    assert client.reply(msg_id)["ename"] == "KeyboardInterrupt"
    assert journal.wait("run.errored")[0]["ename"] == "KeyboardInterrupt"
    assert journal.wait("kernel.interrupted")
    client.stop()
    server.shut_down(kernel)


def test_pause_leaves_runs_out_until_resume_and_over_a_restart(server: RunningServer) -> None:
    server.write_notebook("pause.ipynb", "x = 1")
    kernel = server.open("pause.ipynb")
    client = server.client(kernel)
    client.run("seen = 1")
    sid = wait_for(lambda: server.status("pause.ipynb")["sid"])
    assert server.attest("POST", f"sessions/{sid}/pause", json={}).status_code == 200
    journal = server.journal(kernel)
    assert (journal.folder / "paused").exists()
    assert server.status("pause.ipynb")["state"] == "paused"
    client.run("unseen = 1")
    across = client.kernel.execute("import time; time.sleep(0.5); unseen = 1")
    time.sleep(0.2)
    assert server.attest("POST", f"sessions/{sid}/resume", json={}).status_code == 200
    assert not (journal.folder / "paused").exists()
    client.reply(across)
    client.run("seen = 2")
    journal.wait("run.idle", 2)
    assert journal.codes() == ["seen = 1", "seen = 2"]
    assert [e["whom"] for e in journal.of("recording.paused")] == ["user"]
    assert [e["hadInput"] for e in journal.of("run.idle")] == [True, True]
    assert not journal.of("gap")
    server.attest("POST", f"sessions/{sid}/pause", json={})
    assert server.call("POST", f"api/kernels/{kernel}/restart").status_code == 200
    client.wait_for_ready()
    client.run("unseen = 2")
    after = server.journal(kernel)
    assert after.sid != sid and (after.folder / "paused").exists()
    assert server.status("pause.ipynb")["state"] == "paused"
    assert after.codes() == []
    client.stop()
    server.shut_down(kernel)


def test_silent_and_aborted_requests_go_idle_without_input(server: RunningServer) -> None:
    server.write_notebook("silent.ipynb", "x = 1")
    kernel = server.open("silent.ipynb")
    client = server.client(kernel)
    client.run("hidden = 1", silent=True, store_history=False)
    failing = client.kernel.execute("1 / 0")
    aborted = client.kernel.execute("never = 1")
    client.reply(failing)
    client.reply(aborted)
    journal = server.journal(kernel)
    idle = journal.wait("run.idle", 3)
    assert [e["hadInput"] for e in idle][:2] == [False, True]
    assert idle[2]["msgId"] == aborted and idle[2]["hadInput"] is False
    assert journal.codes() == ["1 / 0"]
    client.stop()
    server.shut_down(kernel)


def test_outputs_are_not_copied_and_bursts_are_not_lost(server: RunningServer) -> None:
    server.write_notebook("burst.ipynb", "x = 1")
    kernel = server.open("burst.ipynb")
    client = server.client(kernel)
    client.run("for n in range(20000): print(n)")
    ids = [client.kernel.execute(f"n = {n}") for n in range(300)]
    client.reply(ids[-1])
    journal = server.journal(kernel)
    journal.wait("run.idle", 301)
    assert [e["msgId"] for e in journal.of("run.input")][1:] == ids
    client.stop()
    server.shut_down(kernel)


def test_natively_written_files_are_found_by_the_scan(server: RunningServer) -> None:
    server.write_notebook("native/n.ipynb", "x = 1")
    kernel = server.open("native/n.ipynb")
    client = server.client(kernel)
    client.run("import subprocess, time; time.sleep(0.3)")
    client.run("subprocess.run(['sh', '-c', 'echo native > out.bin'])")
    journal = server.journal(kernel)
    changed = journal.wait("file.changed", 1, "helper.jsonl")
    [found] = [e for e in changed if e["path"].endswith("out.bin")]
    runs = [e["msgId"] + "/0" for e in journal.of("run.input")]
    assert found["before"] is None and found["runs"][1] == runs[1]
    [hashed] = journal.wait("file.hashed", 1, "helper.jsonl")
    assert hashed["stat"]["ino"] == str((server.root / "native/out.bin").stat().st_ino)
    assert server.status("native/n.ipynb")["hasWrites"] is True
    client.stop()
    server.shut_down(kernel)


def test_a_file_overwritten_by_the_next_cell_never_gets_the_later_digest(
    server: RunningServer,
) -> None:
    import hashlib

    folder = server.root / "overwrite"
    server.write_notebook("overwrite/n.ipynb", "x = 1")
    data = folder / "data.csv"
    data.write_text("first\n" * 1000)
    first = hashlib.sha256(data.read_bytes()).hexdigest()
    inode = str(data.stat().st_ino)
    kernel = server.open("overwrite/n.ipynb")
    page = Page(server, kernel)
    time.sleep(0.5)
    codes = ["text = open('data.csv').read()", "open('data.csv', 'w').write('second')"]
    for msg_id in [page.run(code) for code in codes]:
        page.wait(msg_id)
    page.close()
    journal = server.journal(kernel)
    server.attest("GET", "sessions", params={"path": "overwrite/n.ipynb"})
    read = [e for e in journal.probe("file.opened") if e["ops"] == ["read"]]
    identity = {k: read[0]["stat"][k] for k in ("ino", "size", "mtimeNs", "ctimeNs")}
    assert identity["ino"] == inode
    hashed = [
        e
        for e in journal.of("file.hashed", "helper.jsonl")
        if {k: e["stat"][k] for k in identity} == identity
    ]
    assert len(hashed) == 1
    assert hashed[0]["sha256"] == first or (
        hashed[0]["sha256"] is None and hashed[0]["absent"] == "changed"
    )
    server.shut_down(kernel)
