"""
`make demo`: the whole bridge at work, against the sandbox, in one go.

It stands beside the command line, at the top: it wires real processes
together as an operator would, and looks at what they did.
"""
