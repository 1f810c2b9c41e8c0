#!/usr/bin/env node
import("../dist/bundle/kafka-transactions.js");
