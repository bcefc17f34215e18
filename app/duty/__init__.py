"""Duty of goods on a day of entry: which column, which measures, how much, under which clause.

Pure: the tariff, the measures and the date are arguments. Finding rate texts is `tariff`'s work, storing answers the
store's, turning them into records `filing`'s. An answer is an estimate, not legal advice."""
