#!/usr/bin/env node
import("../dist/bundle/kafka-metadata-quorum.js");
