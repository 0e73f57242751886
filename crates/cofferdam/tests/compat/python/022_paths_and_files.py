# pathlib, open, temporary files, shutil, glob, os: all inside the working directory.
import glob
import os
import shutil
import tempfile
from pathlib import Path, PurePosixPath

base = Path("files")
base.mkdir(exist_ok=True)
(base / "a.txt").write_text("one\ntwo\nthree\n", encoding="utf-8")
(base / "b.bin").write_bytes(bytes(range(5)))
(base / "sub" / "deep").mkdir(parents=True)
with open(base / "sub" / "c.txt", "w") as file:
    print("written", 1, sep=",", file=file)
with open("files/a.txt") as file:
    print(file.readline().strip(), file.tell(), [line.rstrip() for line in file])
with open("files/a.txt", "r+") as file:
    file.seek(0, os.SEEK_END)
    file.write("four\n")
print((base / "a.txt").read_text().splitlines(), (base / "b.bin").stat().st_size)
print(sorted(p.as_posix() for p in base.rglob("*")), sorted(glob.glob("files/**/*.txt", recursive=True)))
print(shutil.copy("files/a.txt", "files/copy.txt"), os.path.exists("files/copy.txt"), sorted(os.listdir("files")))
os.rename("files/copy.txt", "files/moved.txt")
shutil.move("files/moved.txt", "files/sub/moved.txt")
print([(os.path.basename(d), sorted(s), sorted(f)) for d, s, f in os.walk("files")][0])
Path("files/b.bin").unlink()
shutil.rmtree("files/sub")
print(sorted(p.name for p in base.iterdir()))
with tempfile.TemporaryDirectory(dir=".") as folder:
    Path(folder, "x").touch()
    print(Path(folder, "x").exists())
with tempfile.NamedTemporaryFile("w+", suffix=".tmp") as file:
    file.write("temporary")
    file.flush()
    print(file.name.endswith(".tmp"), os.path.getsize(file.name))
print(tempfile.SpooledTemporaryFile().read(), PurePosixPath("/a/b/../c.tar.gz").suffixes, Path("x/y.txt").with_suffix(".md"), Path("a") / "/b")
for action in (lambda: open("files/none.txt"), lambda: os.rmdir("files"), lambda: Path("files").mkdir(), lambda: open("files")):
    try:
        action()
    except OSError as error:
        print(type(error).__name__, error.strerror)
