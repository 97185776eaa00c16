//! The extension module `refroots._native`: captures the live interpreter, and shows the library to Python.
