#!/usr/bin/env node
import("../dist/bundle/kafka-delete-records.js");
