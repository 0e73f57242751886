# zipfile and tarfile in memory and on disk.
import io
import tarfile
import zipfile
from pathlib import Path

buffer = io.BytesIO()
with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("a.txt", "hello")
    archive.writestr("dir/b.json", '{"x": 1}' * 100)
with zipfile.ZipFile(buffer) as archive:
    print(archive.namelist(), archive.testzip(), archive.read("a.txt"))
    for info in archive.infolist():
        print(info.filename, info.file_size, info.compress_size <= info.file_size, info.is_dir())
    with archive.open("dir/b.json") as file:
        print(file.read(8))
    archive.extractall("unpacked")
print(sorted(str(p) for p in Path("unpacked").rglob("*")))
with tarfile.open("t.tar.gz", "w:gz") as tar:
    tar.add("unpacked", arcname="root")
    info = tarfile.TarInfo("note.txt")
    info.size = 4
    tar.addfile(info, io.BytesIO(b"note"))
with tarfile.open("t.tar.gz") as tar:
    print(sorted(tar.getnames()), tar.extractfile("note.txt").read())
print(zipfile.is_zipfile("t.tar.gz"), tarfile.is_tarfile("t.tar.gz"))
try:
    zipfile.ZipFile(io.BytesIO(b"nope"))
except zipfile.BadZipFile as error:
    print(error)
