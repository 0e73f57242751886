# os and platform facts that programs ask for without depending on them.
import getpass
import os
import platform
import sys

os.environ["COMPAT_TEST"] = "on"
print(os.environ.get("COMPAT_TEST"), os.getenv("NOT_SET", "default"), "NOT_SET" in os.environ, os.sep, os.linesep == "\n", os.name)
start = os.getcwd()
os.mkdir("inside")
os.chdir("inside")
print(os.path.basename(os.getcwd()))
os.chdir("..")
print(os.getcwd() == start, os.path.isdir("inside"), platform.python_version_tuple()[:2], platform.python_implementation(), sys.platform != "")
os.makedirs("x/y/z", exist_ok=True)
with os.scandir("x") as entries:
    print([(e.name, e.is_dir()) for e in entries])
os.removedirs("x/y/z")
print(os.path.exists("x"), len(os.urandom(8)), os.urandom(8) != os.urandom(8), os.fspath("a"), os.path.getsize(__file__) if False else "-")
descriptor = os.open("raw.txt", os.O_CREAT | os.O_RDWR)
os.write(descriptor, b"hello")
os.lseek(descriptor, 1, os.SEEK_SET)
print(os.read(descriptor, 3), os.fstat(descriptor).st_size)
os.close(descriptor)
os.truncate("raw.txt", 2)
os.replace("raw.txt", "raw2.txt")
print(open("raw2.txt").read(), sorted(os.listdir()))
