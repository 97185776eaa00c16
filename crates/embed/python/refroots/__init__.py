"""Why is this object still alive, and how much memory does it hold? With a picture."""
