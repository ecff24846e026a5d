import{m as i}from"./chunk-55CRSNPR.js";var o=i(!1);export{o as a};
