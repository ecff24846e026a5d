import{m as i}from"./chunk-GWI2A5F7.js";var o=i(!1);export{o as a};
