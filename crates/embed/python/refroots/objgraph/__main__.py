"""Prints how to switch from objgraph: ``python -m refroots.objgraph``."""

TEXT = """\
refroots.objgraph answers as objgraph 3.7.0 does, from the same calls. To switch, one of:

    from refroots import objgraph        # in place of: import objgraph

    import refroots.objgraph             # once, where the program starts;
    refroots.objgraph.install()          # then every `import objgraph` gets it

    import objgraph                      # answers to the letter those of objgraph 3.7.0,
    objgraph.exact = True                # without what refroots finds and names beyond it

What is found and named beyond it: docs/objgraph.md.
"""

if __name__ == "__main__":
    print(TEXT, end="")
