import{m as i}from"./chunk-BEKVE4Z4.js";var o=i(!1);export{o as a};
