"""Why is this object still alive?"""
