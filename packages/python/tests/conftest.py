"""These tests run against the installed package, as `packages/test` installs it."""

pytest_plugins = ["pytester"]
