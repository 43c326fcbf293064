"""A data directory is one node's of one cluster, used by one process; anything else is one line and no start."""

import subprocess
import sys

import pytest

from impl.server.directory import META, DirectoryLock, claim, new_id, read_meta
from impl.server.errors import DirectoryInUse, DirectoryUnusable


def test_a_new_directory_is_claimed_and_recognised(tmp_path):
    claimed = claim(tmp_path, cluster_id="abc", node_id=2)
    assert read_meta(tmp_path) == claimed
    assert claim(tmp_path, cluster_id="abc", node_id=2) == claimed
    assert sorted((tmp_path / META).read_text().splitlines()) == [
        "cluster.id=abc",
        f"directory.id={claimed.directory_id}",
        "node.id=2",
        "version=1",
    ]


@pytest.mark.parametrize(
    ("cluster_id", "node_id", "words"),
    [("other", 2, "belongs to cluster abc, not to other"), ("abc", 3, "belongs to node 2, not to 3")],
)
def test_a_directory_of_another_cluster_or_node_is_refused(tmp_path, cluster_id, node_id, words):
    claim(tmp_path, cluster_id="abc", node_id=2)
    with pytest.raises(DirectoryUnusable, match=words):
        claim(tmp_path, cluster_id=cluster_id, node_id=node_id)


DAMAGE = {
    "empty": (b"", "version is missing"),
    "no cluster": (b"version=1\nnode.id=1\n", "cluster.id is missing"),
    "no node": (b"version=1\ncluster.id=a\n", "node.id is missing"),
    "a node that is no number": (b"version=1\ncluster.id=a\nnode.id=x\n", "node.id 'x' is no number"),
    "a negative node": (b"version=1\ncluster.id=a\nnode.id=-1\n", "node.id '-1' is no number"),
    "another version": (b"version=0\ncluster.id=a\nbroker.id=1\nnode.id=1", "version is '0'"),
    "zeros, as a power loss leaves them": (bytes(90), "version is missing"),
    "random bytes": (bytes(range(255, 0, -3)), "is missing"),
    "a cluster of two lines": (b"version=1\ncluster.id=a\\nb\nnode.id=1\n", "cluster.id 'a\\nb' is no id"),
    "half an escape": (b"version=1\ncluster.id=\\u00\nnode.id=1\n", "is no escape"),
}


@pytest.mark.parametrize(("content", "words"), DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_meta_file_is_one_line_that_names_it(tmp_path, content, words):
    (tmp_path / META).write_bytes(content)
    with pytest.raises(DirectoryUnusable, match=META) as caught:
        claim(tmp_path, cluster_id="abc", node_id=2)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_meta_file_as_java_writes_it_is_read(tmp_path):
    text = "#\n#Mon Nov 23 09:00:00 UTC 2026\nnode.id = 2\ndirectory.id\\: x\nversion:1\ncluster.id=Ab_\\\n  -c\n"
    (tmp_path / META).write_text(text)
    assert claim(tmp_path, cluster_id="Ab_-c", node_id=2).node_id == 2


def test_a_directory_with_strangers_files_is_not_taken_over(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(DirectoryUnusable, match=r"holds thesis\.tex but no meta\.properties"):
        claim(tmp_path, cluster_id="abc", node_id=2)


def test_the_lock_keeps_another_process_out_and_names_its_holder(tmp_path):
    program = (
        "import sys, pathlib; from impl.server.directory import DirectoryLock;"
        "lock = DirectoryLock(pathlib.Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(DirectoryInUse, match=f"in use by process {holder.pid}"):
            DirectoryLock(tmp_path)
    finally:
        holder.kill()
        holder.communicate()
    DirectoryLock(tmp_path).release()


def test_a_directory_that_is_a_file_is_named(tmp_path):
    (tmp_path / "data").write_text("")
    with pytest.raises(DirectoryUnusable, match="data"):
        DirectoryLock(tmp_path / "data")


def test_ids_are_kafkas_shape_and_differ():
    assert len(new_id()) == 22
    assert new_id() != new_id()
