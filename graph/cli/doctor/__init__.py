"""The checks of ``voxloom doctor``: a file for each subject, run together by ``graph.cli.doctor.run``."""
