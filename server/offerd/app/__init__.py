"""The process: settings, logging, start and stop, the command line."""
