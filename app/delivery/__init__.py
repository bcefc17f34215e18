"""How events reach those who wait for them: subscribers who may share one execution and one serialised frame are a
group, and one reader of the log serves every group of the process. Knows no protocol and no schema."""
