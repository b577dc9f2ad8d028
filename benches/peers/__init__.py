"""One module per subject, each with add_arguments(parser) and main(arguments)."""
