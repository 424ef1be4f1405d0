// Reads batches as JSON lines from standard input, {"rows": [...], "rules": [base64, ...]}, and
// writes for each rule a line with its answer for every row: true, false, or null for an error.

import { createInterface } from "node:readline";

import { celEnv, isCelError, plan } from "@bufbuild/cel";
import { strings } from "@bufbuild/cel/ext";
import { CheckedExprSchema } from "@bufbuild/cel-spec/cel/expr/checked_pb.js";
import { create, fromBinary } from "@bufbuild/protobuf";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";

const SECOND = 1_000_000_000n;

function timestamp(nanoseconds) {
  const nanos = ((nanoseconds % SECOND) + SECOND) % SECOND;
  return create(TimestampSchema, {
    seconds: (nanoseconds - nanos) / SECOND,
    nanos: Number(nanos),
  });
}

const READERS = {
  int: (value) => BigInt(value),
  double: (value) => Number(value),
  timestamp: (value) => timestamp(BigInt(value)),
  list: (items) => items.map(read),
  map: (entries) => new Map(entries.map(([key, value]) => [key, read(value)])),
};

function read([type, value]) {
  return READERS[type]?.(value) ?? value;
}

function bindings(row) {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, read(value)]));
}

const environment = celEnv({ funcs: strings });

for await (const line of createInterface({ input: process.stdin })) {
  const { rows, rules } = JSON.parse(line);
  const bound = rows.map(bindings);
  for (const rule of rules) {
    const evaluate = plan(environment, fromBinary(CheckedExprSchema, Buffer.from(rule, "base64")));
    const answers = bound.map((row) => {
      const answer = evaluate(row);
      return isCelError(answer) ? null : answer;
    });
    process.stdout.write(`${JSON.stringify(answers)}\n`);
  }
}
