"""The worker's own checks for ``voxloom doctor``: engines, their packages and weights, MCP servers."""
