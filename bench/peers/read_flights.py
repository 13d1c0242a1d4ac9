"""Flights of the BTS as columns of pandas: the rows that can be learned from. `read_flights.py FILE`; prints seconds and megabytes."""
import json
import resource
import sys
import time

import pandas

started = time.perf_counter()
texts = ["Reporting_Airline", "Tail_Number", "Flight_Number_Reporting_Airline", "Origin", "Dest"]
numbers = ["CRSDepTime", "CRSArrTime", "ArrDelay", "Cancelled", "Diverted", "Distance"]
table = pandas.read_csv(
    sys.argv[1],
    usecols=["FlightDate", *texts, *numbers],
    dtype={name: "category" for name in [*texts, "FlightDate"]},
)
table = table[(table["Cancelled"] == 0) & (table["Diverted"] == 0) & table["ArrDelay"].notna()]
day = pandas.to_datetime(table["FlightDate"].cat.categories).to_numpy()[table["FlightDate"].cat.codes]
table["scheduledDeparture"] = day + pandas.to_timedelta(table["CRSDepTime"] // 100 * 60 + table["CRSDepTime"] % 100, "min").to_numpy()
columns = [table[name].cat.codes.to_numpy() for name in texts]
columns += [table[name].to_numpy() for name in ["scheduledDeparture", "CRSArrTime", "Distance", "ArrDelay"]]
print(json.dumps({
    "seconds": time.perf_counter() - started,
    "peakMb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}))
