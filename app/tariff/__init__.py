"""The tariff room: HTS numbers, the official export, the lines in force on a date, the grammar of rate texts,
and the measures that add to them. Pure: what applies to an entry is for `duty`, storage for the store."""
