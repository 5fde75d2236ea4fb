"""What the server answers: a file for each kind of thing, each with a `router`.

Handlers translate between HTTP and the library; they hold no logic of their own.
"""
