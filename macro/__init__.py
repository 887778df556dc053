"""The macro that makes a template's content a property of the stack set that deploys it."""
