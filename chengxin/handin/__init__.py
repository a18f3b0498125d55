"""Hand-in files (双公示): CSV and XLSX rows become records, bad rows come back with reasons.

`chengxin.handin.job.HandIn` does one file; columns.yaml says which column means what.
"""
