"""Objects that boto3 reads from an object store (moto's), where both are installed."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator

import pytest

from .kernels import PYTHON, Kernel, of

if subprocess.run([PYTHON, "-c", "import boto3, moto.server"], capture_output=True).returncode:
    pytest.skip("the kernels' Python has no boto3 and moto[server]", allow_module_level=True)

SETUP = """
import boto3, io, os, moto.server
os.environ.update(AWS_ACCESS_KEY_ID='key', AWS_SECRET_ACCESS_KEY='geheim', NO_PROXY='127.0.0.1')
server = moto.server.ThreadedMotoServer('127.0.0.1', 0, verbose=False); server.start()
host = '%s:%d' % server.get_host_and_port()
s3 = boto3.client('s3', endpoint_url='http://' + host, region_name='us-east-1')
s3.create_bucket(Bucket='data')
s3.put_bucket_versioning(Bucket='data', VersioningConfiguration={'Status': 'Enabled'})
first = s3.put_object(Bucket='data', Key='d.csv', Body=b'a\\n1\\n')['VersionId']
last = s3.put_object(Bucket='data', Key='d.csv', Body=b'a\\n2\\n')['VersionId']
get = lambda **more: s3.get_object(Bucket='data', Key='d.csv', **more)['Body']
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    with Kernel(tmp_path_factory.mktemp("store")) as kernel:
        outcome = kernel.run(SETUP)
        assert outcome.ename is None, outcome.traceback
        yield kernel
        kernel.run("server.stop()")


@pytest.mark.parametrize(
    ("code", "version", "body"),
    [
        ("get().read()", "last", b"a\n2\n"),
        ("get(VersionId=first).read()", "first", b"a\n1\n"),
        ("list(get().iter_chunks(2))", "last", b"a\n2\n"),
        ("list(get().iter_lines())", "last", b"a\n2\n"),
        ("s3.download_fileobj('data', 'd.csv', io.BytesIO())", "last", b"a\n2\n"),
        ("s3.download_file('data', 'd.csv', 'd.csv')", "last", b"a\n2\n"),
        ("get().read(2)", "last", None),
        ("get(Range='bytes=0-1').read()", "last", None),
    ],
)
def test_an_object_has_its_version_and_the_fingerprint_of_what_arrived(
    store: Kernel, code: str, version: str, body: bytes | None
) -> None:
    wanted = store.run(f"(host, {version})").results[0]
    outcome = store.run(code)
    assert outcome.ename is None, outcome.traceback
    reads = of(store.settle(outcome.msg_id), "remote.read")
    [head] = [e for e in reads if e.get("status")]
    assert head["url"].startswith("http://127.0.0.1:")
    assert head["url"].partition("?")[0].endswith("/data/d.csv")
    assert repr(head["versionId"]) in wanted
    assert head["etag"]
    assert "geheim" not in str(reads)
    digests = [e["sha256"] for e in reads if "sha256" in e]
    assert digests == ([hashlib.sha256(body).hexdigest()] if body else [])
