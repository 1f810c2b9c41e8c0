#!/usr/bin/env node
import("../dist/bundle/kafka-storage.js");
