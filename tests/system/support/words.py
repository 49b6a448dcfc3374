"""What is typed and what appears: prompts and keys, in one place."""

LINUX_PROMPT = r"linux:[^\n]*# "
BULKHEAD_PROMPT = r"bulkhead> "

# Ctrl-A, then a letter.
TO_PROMPT = "\x01p"
TO_CONSOLE = "\x01c"
HELP = "\x01h"
