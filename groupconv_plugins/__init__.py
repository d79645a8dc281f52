"""The groups that come with groupconv, each a plugin like anybody else's, and advice on names."""
