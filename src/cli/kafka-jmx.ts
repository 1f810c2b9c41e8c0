import { sayWhyNot } from './not-here.ts';

sayWhyNot('kafka-jmx', 'it reads the MBeans of a Java process, and this is none');
