#!/usr/bin/env node
import("../dist/bundle/kafka-cluster.js");
