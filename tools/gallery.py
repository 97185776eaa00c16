"""Makes docs/gallery.md and its pictures of the programs of fixtures/gallery; `make gallery` calls it.

python tools/gallery.py            run all programs, draw all pictures, write the page
python tools/gallery.py NAME...    run these, and write the page
"""

import ast
import dataclasses
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAMS = ROOT / "fixtures" / "gallery"
PAGE = ROOT / "docs" / "gallery.md"
PICTURES = ROOT / "docs" / "gallery"
LARGEST_PICTURE = 150_000
# In the order of the page.
SCENES = [
    "foo_backrefs",
    "foo_refs",
    "open_figures",
    "kept_request",
    "uploads",
    "sales",
    "panels",
    "reports",
    "errors",
    "visitors",
    "jobs",
    "events",
]
BEGIN = """\
# Gallery

Pictures of objects that stayed alive, each with its question and with the lines that made it. Below each
stands what objgraph 3.7.0 and Graphviz draw of the same object in the same process. What the signs mean:
[pictures.md](pictures.md).

`make gallery` runs the programs of [fixtures/gallery](../fixtures/gallery) and writes this page.
"""
SECTION = """
## {title}

**{question}**

```python
{code}
```

![{alternative}](gallery/{name}.svg)

{seen}

objgraph, of the same object:

![objgraph's picture: {nodes} nodes](gallery/{name}-objgraph.svg)
"""


@dataclasses.dataclass(frozen=True)
class Scene:
    """A program that draws one object twice, and what is said of it."""

    name: str
    title: str
    question: str
    seen: str
    code: str

    @classmethod
    def read(cls, name):
        """Read the program; its docstring has a title, a question, and what one sees."""
        source = (PROGRAMS / f"{name}.py").read_text(encoding="utf-8")
        program = ast.parse(source)
        title, question, seen = ast.get_docstring(program).split("\n\n")
        code = "\n".join(source.splitlines()[program.body[0].end_lineno :]).strip()
        return cls(name, title.rstrip("."), " ".join(question.split()), " ".join(seen.split()), code)

    def run(self):
        """Run the program; give refroots' SVG and objgraph's DOT."""
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(
                [sys.executable, PROGRAMS / f"{self.name}.py"],
                check=True,
                cwd=folder,
                stdout=subprocess.DEVNULL,
                env=os.environ | {"PYTHONHASHSEED": "0", "PYTHONPATH": str(ROOT / "fixtures" / "leaks")},
            )
            files = [pathlib.Path(folder, self.name + ending) for ending in (".svg", "-objgraph.dot")]
            ours, theirs = (file.read_text(encoding="utf-8") for file in files)
        return ours, alike_each_time(theirs)

    def draw(self):
        """Put both pictures beside the page."""
        ours, dot = self.run()
        theirs = subprocess.run(
            ["dot", "-Tsvg"], input=dot, capture_output=True, text=True, check=True
        ).stdout
        for path, picture in zip(self.pictures(), (ours, theirs), strict=True):
            size = len(picture.encode())
            if size > LARGEST_PICTURE:
                raise SystemExit(f"{path.name} has {size:,} bytes, more than {LARGEST_PICTURE:,}")
            path.write_text(picture, encoding="utf-8")

    def pictures(self):
        """Name both pictures: refroots', objgraph's."""
        return [PICTURES / f"{self.name}.svg", PICTURES / f"{self.name}-objgraph.svg"]

    def section(self):
        """Write what the page says of it."""
        theirs = self.pictures()[1].read_text(encoding="utf-8")
        return SECTION.format(
            **dataclasses.asdict(self),
            alternative=self.seen.replace("`", ""),
            nodes=theirs.count('class="node"'),
        )


def alike_each_time(dot):
    """Number objgraph's nodes in their order, and leave what differs each time out of its labels."""
    numbers = {}
    dot = re.sub(r"o(\d{6,})", lambda found: f"o{numbers.setdefault(found[1], len(numbers))}", dot)
    dot = re.sub(r"0x[0-9a-f]+|(?<=daemon )\d+", "…", dot)
    return dot.replace(f"{ROOT}/", "")


def page(scenes):
    """Write the page about these scenes, whose pictures are there."""
    return BEGIN + "".join(scene.section() for scene in scenes)


def main(names):
    """Draw what is named, or all, and write the page."""
    scenes = [Scene.read(name) for name in SCENES]
    unknown = set(names) - {scene.name for scene in scenes}
    if unknown:
        raise SystemExit(f"no such program in fixtures/gallery: {', '.join(sorted(unknown))}")
    PICTURES.mkdir(exist_ok=True)
    for scene in scenes:
        if not names or scene.name in names:
            print(scene.name, flush=True)
            scene.draw()
    PAGE.write_text(page(scenes), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
