#!/usr/bin/env node
import("../dist/bundle/kafka-get-offsets.js");
