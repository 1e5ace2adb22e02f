"""The examples: they run on every board, twice on one image, and lose nobody's files."""

import pathlib

from cases import case

EXAMPLES = pathlib.Path(__file__).resolve().parents[3] / "examples"
HYBRID_BYTES = 512 * 1024


def run_example(camera, name, exit_code=0, mount=True):
    options = ["--image", camera.image] if mount else ["--image", camera.image, "--no-mount"]
    output = camera.run([*options, EXAMPLES / (name + ".py")])
    assert output.exit_code == exit_code and "Traceback" not in output.text, output.text
    return output.text


@case()
def the_tour_shows_every_call_and_puts_everything_back(camera):
    camera.make_blank_image()
    camera.run_code("open('kept.txt', 'w').write('kept')")
    before = camera.storage()
    text = run_example(camera, "tour")
    for word in (
        "readblocks",
        "writeblocks",
        "ioctl(6, 0)",
        "b'\\xff\\xff\\xffflash\\xff",
        "pyb.Flash()",
        "(256, %d)" % (camera.board.storage_bytes // camera.board.simple_bytes),
        "EIO",
        "EINVAL",
        "ValueError",
        "TypeError",
        "EOPNOTSUPP",
        "sectors erased",
    ):
        assert word in text, "%s is not in:\n%s" % (word, text)
    assert camera.storage() == before


@case()
def littlefs_counts_its_runs(camera):
    camera.make_blank_image()
    assert "Formatted" in run_example(camera, "littlefs")
    assert "counts 2 run" in run_example(camera, "littlefs")


@case()
def fat_grows_its_log(camera):
    camera.make_blank_image()
    assert "has 1 line" in run_example(camera, "fat")
    assert "has 2 line" in run_example(camera, "fat")


@case()
def hybrid_goes_on_or_says_that_it_does_not_fit(camera):
    camera.make_blank_image()
    first, second = (run_example(camera, "hybrid") for _ in range(2))
    if camera.board.storage_bytes < HYBRID_BYTES:
        assert "too small to share" in first
    else:
        assert "Formatted" in first and "Formatted" not in second
        assert "says 2" in second, second
        assert "says 3" in run_example(camera, "hybrid", mount=False)


@case()
def ftl_keeps_a_log(camera):
    camera.make_blank_image()
    texts = [run_example(camera, "ftl", mount=False) for _ in range(2)]
    if camera.board.storage_bytes > 32 * 1024:
        assert "has 1 line" in texts[0] and "has 2 line" in texts[1], texts
    else:
        assert "too small for a FAT" in texts[0], texts


@case()
def raw_log_finds_its_records_again(camera):
    camera.make_blank_image()
    assert "Found 0 record" in run_example(camera, "raw_log", mount=False)
    for run in range(1, 12):
        assert "Found %d record" % (5 * run) in run_example(camera, "raw_log", mount=False)


@case()
def raw_log_survives_a_torn_record(camera):
    camera.make_blank_image()
    run_example(camera, "raw_log", mount=False)
    camera.set_storage(b"rlog\x06\0\0\0\x0dmeas", 5 * 32)  # the sixth record, cut off
    assert "Found 5 record" in run_example(camera, "raw_log", mount=False)
    text = run_example(camera, "raw_log", mount=False)
    assert "Found 10 record" in text and "15  measurement 4" in text, text


@case()
def raw_log_begins_again_after_a_cut_in_its_first_record(camera):
    camera.make_blank_image()
    camera.set_storage(b"rlog\x01\0\0\0\x0dmeas")
    assert "Found 0 record" in run_example(camera, "raw_log", mount=False)
    assert "Found 5 record" in run_example(camera, "raw_log", mount=False)


@case()
def raw_log_goes_on_behind_words_that_cannot_be_read(camera):
    if camera.name != "OPENMV4":  # whose flash has ECC
        return
    camera.make_blank_image()
    run_example(camera, "raw_log", mount=False)
    sidecar = camera.folder / (camera.image.name + ".wear")
    bits = bytearray(sidecar.read_bytes())
    word = camera.board.storage_offset // 32 + 5  # a bit each, up to the end of the file
    bits[-(2 * 1024 * 1024 // 32 // 8) + word // 8] |= 1 << word % 8
    sidecar.write_bytes(bits)
    for records in (5, 10):
        assert "Found %d record" % records in run_example(camera, "raw_log", mount=False)


@case()
def raw_log_leaves_a_translation_layer_alone(camera):
    camera.make_blank_image()
    camera.run_code("import flash, pyb; flash.Ftl.mkfs(pyb.Flash(start=0))", mount=False)
    before = camera.storage()
    run_example(camera, "raw_log", exit_code=1, mount=False)
    assert camera.storage() == before


@case()
def no_example_formats_over_files(camera):
    for name, other in (
        ("littlefs", "VfsFat"),
        ("fat", "VfsLfs2"),
        ("hybrid", "VfsFat"),
        ("raw_log", "VfsFat"),
    ):
        if name == "hybrid" and camera.board.storage_bytes < HYBRID_BYTES:
            continue
        camera.make_blank_image()
        camera.run_code(
            "import vfs, pyb\n"
            "vfs.%s.mkfs(pyb.Flash(start=0))\n"
            "vfs.mount(pyb.Flash(start=0), '/new')\n"
            "with open('/new/precious.txt', 'w') as f: f.write('precious')\n"
            "vfs.umount('/new')\n" % other,
            mount=False,
        )
        for mount in (True, False):
            run_example(camera, name, exit_code=1, mount=mount)
        assert "precious" in camera.run_code("print(open('/flash/precious.txt').read())"), name
