"""The launcher: one small single-threaded process per sandbox that starts, watches and ends every command.

It runs on the standard library alone (`python -S -I`), so it starts in some 50 ms and forks in 1 to 2 ms, which the
evaluator itself (many threads, hundreds of MB) can do neither quickly nor safely. Being the parent of every command it
can reap them, and `--die-with-parent` hangs on its only thread. It ends, and ends all it started, when its connection
to the evaluator closes.
"""
