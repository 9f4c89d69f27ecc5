"""Three integrations in the style of real ones, each a module that is given the base client's module."""
