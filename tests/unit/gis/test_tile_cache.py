"""Finished tiles in memory and on disk, with several readers and writers at once."""

import multiprocessing
import threading

from gis.tiles.tile_cache import Memory, TileCache


def test_memory_forgets_what_was_not_used_for_longest():
    kept = Memory(4 * (1000 + 300))
    for name in "abcd":
        kept.put(name, name.encode() * 1000)
    assert kept.get("a") == b"a" * 1000
    kept.put("e", b"e" * 1000)
    assert kept.get("b") is None and kept.get("a") and kept.get("e")
    kept.put("e", b"")
    assert kept.get("e") == b"" and kept.get("c") and kept.bytes == 3 * 1300 + 300
    kept.put("huge", bytes(10_000))
    assert kept.get("huge") is None and kept.bytes <= kept.max_bytes


def test_memory_keeps_count_with_many_threads():
    kept = Memory(50_000)

    def work(seed):
        for n in range(400):
            name = str((seed * 7 + n * 13) % 90)
            kept.put(name, name.encode() * (n % 40))
            found = kept.get(name)
            assert found is None or set(found) <= set(name.encode())

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert kept.bytes == sum(
        len(kept.get(str(n)) or b"") + 300 for n in range(90) if kept.get(str(n)) is not None
    )
    assert 0 < kept.bytes <= 50_000


def test_a_full_disk_cache_drops_the_oldest_and_read_only_folders_do_no_harm(tmp_path):
    cache = TileCache(tmp_path / "tiles", 100_000)
    for n in range(40):
        cache.put("v1", str(n), bytes(5_000))
    held = sum(f.stat().st_size for f in tmp_path.glob("tiles/*/*"))
    assert held <= 110_000 and cache.get("v1", "39") == bytes(5_000)
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    nowhere = TileCache(blocked, 1000)
    nowhere.put("v1", "1", b"x")
    assert nowhere.get("v1", "1") is None


def _write(folder, seed):
    cache = TileCache(folder, 10**9)
    for n in range(60):
        cache.put("v1", "tile", bytes([seed]) * (200_000 + n))


def _read(folder, torn):
    cache = TileCache(folder, 10**9)
    for _ in range(400):
        found = cache.get("v1", "tile")
        if found is not None and (len(set(found)) != 1 or len(found) < 200_000):
            torn.set()


def test_no_process_ever_reads_half_a_tile(tmp_path):
    fresh = multiprocessing.get_context("spawn")
    torn = fresh.Event()
    workers = [fresh.Process(target=_write, args=(tmp_path, seed)) for seed in (1, 2)]
    workers += [fresh.Process(target=_read, args=(tmp_path, torn)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 4 and not torn.is_set()
    assert len(list(tmp_path.glob("v1/*"))) == 1  # nothing half-written is left lying about
