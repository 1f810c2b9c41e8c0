#!/usr/bin/env node
import("../dist/bundle/kafka-leader-election.js");
