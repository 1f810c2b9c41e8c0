#!/usr/bin/env node
import("../dist/bundle/kafka-replica-verification.js");
