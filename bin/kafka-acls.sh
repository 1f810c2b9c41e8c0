#!/usr/bin/env node
import("../dist/bundle/kafka-acls.js");
