//! Draws a [`View`](refroots_core::View): text, DOT, SVG, PNG. Pure functions, bytes out.
