"""Driftline on Spark: each task pipes its share of the keys through `driftline profile`, the driver merges the parts.

spark-submit driftline_job.py --keys keys.txt --monitor monitor.toml --parts s3://bucket/runs/1 --output s3://bucket/out

The binary is that of one machine, and so is the result, byte for byte: which task had which key changes nothing, and a task
that is tried again writes its part again with the same bytes. README.md has EMR, Glue and PySparkProcessor.
"""

import argparse
import json
import subprocess

from pyspark.sql import SparkSession


def arguments():
    parser = argparse.ArgumentParser(description="profile captured objects on Spark")
    parser.add_argument("--keys", required=True, help="file on the driver with one location a line")
    parser.add_argument("--monitor", required=True, help="monitor.toml, where driver and executors reach it")
    parser.add_argument("--parts", required=True, help="folder for the parts, where driver and executors reach it")
    parser.add_argument("--output", required=True, help="folder for the documents")
    parser.add_argument("--batches", type=int, default=64, help="tasks at most (64)")
    parser.add_argument("--driftline", default="driftline", help="the command, as the executors find it")
    parser.add_argument("--start", help="only the window that begins then, RFC 3339; with --end")
    parser.add_argument("--end")
    given, others = parser.parse_known_args()
    # Glue gives every script some of its own.
    if others and "--JOB_NAME" not in others:
        parser.error(f"unknown: {' '.join(others)}")
    return given


def write(spark, location, text):
    """Through Hadoop, which knows the schemes that the cluster was set up for."""
    path = spark._jvm.org.apache.hadoop.fs.Path(location)
    out = path.getFileSystem(spark.sparkContext._jsc.hadoopConfiguration()).create(path, True)
    out.write(text.encode())
    out.close()


def main():
    given = arguments()
    with open(given.keys, encoding="utf-8") as file:
        keys = sorted({line.strip() for line in file if line.strip()})
    n_batches = max(1, min(given.batches, len(keys)))
    batches = [keys[first::n_batches] for first in range(n_batches)]
    command = [given.driftline, "profile", "--keys", "-", "--monitor", given.monitor]
    if given.start:
        command += ["--start", given.start, "--end", given.end]
    parts = given.parts.rstrip("/")

    def profile(numbered):
        number, batch = numbered
        output = f"{parts}/{number:05}.part"
        subprocess.run([*command, "--output", output], input="\n".join(batch), text=True, check=True)

    spark = SparkSession.builder.appName("driftline").getOrCreate()
    # The manifest first: the merge refuses when one of its parts is missing.
    names = [f"{number:05}.part" for number in range(n_batches)]
    write(spark, f"{parts}/manifest.json", json.dumps({"version": 1, "parts": names}))
    spark.sparkContext.parallelize(list(enumerate(batches)), n_batches).foreach(profile)
    spark.stop()
    merge = [given.driftline, "merge", "--manifest", f"{parts}/manifest.json", "--monitor", given.monitor]
    subprocess.run([*merge, "--output", given.output], check=True)


if __name__ == "__main__":
    main()
