#!/usr/bin/env node
import("../dist/bundle/kafka-log-dirs.js");
