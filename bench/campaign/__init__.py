"""The proof: campaigns that try to break the promises."""
